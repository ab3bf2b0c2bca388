"""What happens to images, told to pages and programs while they are connected."""
